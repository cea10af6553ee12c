"""Whom Baan Suan Trading deals with. All are invented.

The tax ids have right check digits, and year of registration 2599, so that they can't be anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoParty:
    """A row of a register; `days` is after how many days invoices are paid."""

    kind: str
    code: str
    name: str
    local_name: str
    tax_id: str = ""
    branch: str = ""
    address: str = ""
    days: int = 30
    country: str = "TH"


def _customer(code: str, name: str, local: str, tax_id: str, address: str, days: int) -> DemoParty:
    return DemoParty("customer", code, name, local, tax_id, "00000", address, days)


CUSTOMERS = (
    _customer("C001", "Talad Rim Nam Co., Ltd.", "บริษัท ตลาดริมน้ำ จำกัด", "0105599000019",
              "88 ถนนเจริญนคร เขตคลองสาน กรุงเทพฯ 10600", 30),
    _customer("C002", "Sala Thai Hotel Co., Ltd.", "บริษัท โรงแรมศาลาไทย จำกัด", "0105599000027",
              "12/5 Charoen Rat Road, Bangkok 10600", 30),
    _customer("C003", "Chang Noi Mart Co., Ltd.", "บริษัท ช้างน้อยมาร์ท จำกัด", "0505599000031",
              "199 ถนนนิมมานเหมินท์ อ.เมือง จ.เชียงใหม่ 50200", 45),
    _customer("C004", "Klin Hom Cafe Ltd., Part.", "หจก. กลิ่นหอมคาเฟ่", "0103599000041",
              "7 ซอยอารีย์ 4 เขตพญาไท กรุงเทพฯ 10400", 15),
    _customer("C005", "Andaman Pearl Resort Co., Ltd.", "บริษัท อันดามันเพิร์ล รีสอร์ท จำกัด",
              "0835599000055", "45 Moo 3, Cherngtalay, Phuket 83110", 45),
    _customer("C006", "Isan Fresh Foods Co., Ltd.", "บริษัท อีสานเฟรชฟู้ดส์ จำกัด", "0405599000067",
              "321 ถนนมิตรภาพ อ.เมือง จ.ขอนแก่น 40000", 30),
    _customer("C007", "Rung Aroon Gifts Co., Ltd.", "บริษัท รุ่งอรุณของฝาก จำกัด", "0205599000077",
              "56 ถนนสุขุมวิท อ.บางละมุง จ.ชลบุรี 20150", 30),
    _customer("C008", "Green Basket Organic Co., Ltd.", "บริษัท กรีนบาสเก็ต ออร์แกนิก จำกัด",
              "0105599000086", "900 Rama IV Road, Bangkok 10110", 30),
    _customer("C009", "Nam Jai Wholesale Ltd., Part.", "หจก. น้ำใจค้าส่ง", "0303599000091",
              "18 ถนนจอมพล อ.เมือง จ.นครราชสีมา 30000", 15),
    DemoParty("customer", "C010", "Lion Straits Provisions Pte. Ltd.", "", "", "",
              "21 Pasir Panjang Road, Singapore 118491", 45, "SG"),
)  # fmt: skip

WALK_IN = DemoParty("customer", "C000", "Walk-in customers", "ลูกค้าเงินสดหน้าร้าน")


def _supplier(
    code: str, name: str, local: str, tax_id: str = "", address: str = "", days: int = 30
) -> DemoParty:
    branch = "00000" if tax_id else ""
    return DemoParty("supplier", code, name, local, tax_id, branch, address, days)


GOODS_SUPPLIERS = (
    _supplier("S001", "Suan Lung Dam Fruit Co., Ltd.", "บริษัท สวนลุงดำผลไม้ จำกัด", "0225599000018",
              "77 หมู่ 5 ต.ท่าใหม่ จ.จันทบุรี 22120"),
    _supplier("S002", "Doi Ngam Honey Co., Ltd.", "บริษัท น้ำผึ้งดอยงาม จำกัด", "0515599000023",
              "14 หมู่ 2 ต.ป่าสัก จ.ลำพูน 51000"),
    _supplier("S003", "Siam Dry Foods Co., Ltd.", "บริษัท สยามดรายฟู้ดส์ จำกัด", "0745599000030",
              "120 Rama II Road, Samut Sakhon 74000", 45),
    _supplier("S004", "Samui Coconut Products Co., Ltd.", "บริษัท สมุยโคโคนัทโปรดักส์ จำกัด",
              "0845599000047", "9 Moo 1, Maret, Koh Samui 84310", 45),
    _supplier("S005", "Thai Pack and Print Co., Ltd.", "บริษัท ไทยแพ็คแอนด์พริ้นท์ จำกัด",
              "0105599000108", "55/9 ถนนพระราม 3 กรุงเทพฯ 10120"),
)  # fmt: skip

COOPERATIVE = _supplier("S006", "Mae Klong Growers' Cooperative", "สหกรณ์ชาวสวนแม่กลอง", days=7)

LANDLORD = _supplier(
    "S010", "Mrs. Somsri Jaidee (landlady)", "นางสมศรี ใจดี (ผู้ให้เช่า)", "3100599000019", days=0
)
TRANSPORT = _supplier(
    "S011", "Rot Rew Logistics Co., Ltd.", "บริษัท รถเร็วโลจิสติกส์ จำกัด", "0105599000116"
)
ACCOUNTANT = _supplier(
    "S012", "Trong Banchi Accounting Co., Ltd.", "บริษัท ตรงบัญชี จำกัด", "0105599000124"
)
ADVERTISER = _supplier("S013", "Sai Lom Media Co., Ltd.", "บริษัท สายลมมีเดีย จำกัด", "0105599000132")
ELECTRICITY = _supplier("S014", "Metropolitan Electricity Authority", "การไฟฟ้านครหลวง")
TELECOM = _supplier("S015", "Fah Sai Telecom Co., Ltd.", "บริษัท ฟ้าใสโทรคมนาคม จำกัด", "0105599000141")

SUPPLIERS = (
    *GOODS_SUPPLIERS,
    COOPERATIVE,
    LANDLORD,
    TRANSPORT,
    ACCOUNTANT,
    ADVERTISER,
    ELECTRICITY,
    TELECOM,
)


@dataclass(frozen=True)
class DemoEmployee:
    """Somebody who works there, with a monthly wage and tax withheld, in satang."""

    party: DemoParty
    wage: int
    tax: int


def _employee(code: str, name: str, local: str, tax_id: str, wage: int, tax: int) -> DemoEmployee:
    return DemoEmployee(DemoParty("employee", code, name, local, tax_id), wage * 100, tax * 100)


STAFF = (
    _employee("E01", "Malee Suksai", "มาลี สุขใส", "3100599000027", 48_000, 1_250),
    _employee("E02", "Prasert Thongdee", "ประเสริฐ ทองดี", "3100599000035", 32_000, 310),
    _employee("E03", "Kanya Rattana", "กัญญา รัตนา", "1100599000047", 24_500, 0),
    _employee("E04", "Wichai Boonma", "วิชัย บุญมา", "1100599000055", 19_800, 0),
    _employee("E05", "Nok Srisai", "นก ศรีใส", "1100599000063", 16_200, 0),
    _employee("E06", "Somchai Kaewta", "สมชาย แก้วตา", "1100599000071", 14_000, 0),
)


@dataclass(frozen=True)
class DemoProduct:
    """Something that is traded: price and usual cost of a unit, in satang, without VAT."""

    code: str
    name: str
    local_name: str
    unit: str
    price: int
    cost: int


PRODUCTS = (
    DemoProduct("P01", "Dried mango 100 g", "มะม่วงอบแห้ง 100 กรัม", "pack", 62_00, 42_50),
    DemoProduct("P02", "Sun-dried banana 200 g", "กล้วยตาก 200 กรัม", "pack", 48_50, 32_75),
    DemoProduct("P03", "Durian chips 120 g", "ทุเรียนทอด 120 กรัม", "pack", 135_00, 93_40),
    DemoProduct("P04", "Longan honey 500 ml", "น้ำผึ้งดอกลำไย 500 มล.", "bottle", 145_00, 98_00),
    DemoProduct("P05", "Coconut oil 250 ml", "น้ำมันมะพร้าวสกัดเย็น 250 มล.", "bottle", 118_75, 79_90),
    DemoProduct("P06", "Lemongrass tea 20 bags", "ชาตะไคร้ 20 ซอง", "box", 55_25, 36_60),
)  # fmt: skip
