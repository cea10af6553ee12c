// The voucher form, made quicker. Without this file the form works all the same: "Add lines" asks the server.
"use strict";

(() => {
  const form = document.querySelector("form[data-voucher]");
  if (!form) return;

  const decimals = Number(form.dataset.decimals);
  const unit = 10n ** BigInt(decimals);
  const body = form.querySelector("[data-lines]");
  const blank = form.querySelector("template[data-blank-line]");
  const shown = (name) => form.querySelector(`[data-total="${name}"]`);

  // Minor units as BigInt, for amounts are never floats; null for what isn't an amount.
  function parse(text) {
    const ascii = text.trim().replace(/[๐-๙]/g, (d) => d.charCodeAt(0) - 0x0e50).replace(/,/g, "");
    if (ascii === "") return 0n;
    const match = /^(\d+)?(?:\.(\d*))?$/.exec(ascii);
    if (!match || (!match[1] && !match[2]) || (match[2] || "").length > decimals) return null;
    return BigInt(match[1] || 0) * unit + BigInt((match[2] || "").padEnd(decimals, "0") || 0);
  }

  function write(minor) {
    const size = minor < 0n ? -minor : minor;
    const whole = (size / unit).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    const part = decimals ? "." + (size % unit).toString().padStart(decimals, "0") : "";
    return (minor < 0n ? "-" : "") + whole + part;
  }

  function sum(name) {
    let total = 0n;
    for (const field of form.querySelectorAll(`input[name="${name}"]`)) {
      const amount = parse(field.value);
      if (amount === null) return null;
      total += amount;
    }
    return total;
  }

  function balance() {
    const debit = sum("line-debit");
    const credit = sum("line-credit");
    const known = debit !== null && credit !== null;
    shown("debit").textContent = debit === null ? "?" : write(debit);
    shown("credit").textContent = credit === null ? "?" : write(credit);
    const difference = known ? debit - credit : null;
    const left = shown("difference");
    left.textContent = known ? write(difference) : "?";
    left.closest("[data-balance]").dataset.balance =
      known && difference === 0n ? "even" : "off";
  }

  function addLine() {
    body.append(blank.content.cloneNode(true));
    balance();
  }

  form.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.name || !field.name.startsWith("line-")) return;
    const row = field.closest("[data-line]");
    if (field.value && (field.name === "line-debit" || field.name === "line-credit")) {
      const other = field.name === "line-debit" ? "line-credit" : "line-debit";
      row.querySelector(`[name="${other}"]`).value = "";
    }
    if (row === body.lastElementChild) addLine();
    balance();
  });

  // "=" in an amount fills in what the voucher still lacks.
  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "=" || (field.name !== "line-debit" && field.name !== "line-credit")) return;
    event.preventDefault();
    field.value = "";
    const debit = sum("line-debit");
    const credit = sum("line-credit");
    if (debit === null || credit === null) return;
    const lacking = field.name === "line-debit" ? credit - debit : debit - credit;
    if (lacking > 0n) field.value = write(lacking);
    balance();
  });

  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-remove-line]")) {
      event.target.closest("[data-line]").remove();
      if (!body.querySelector("[data-line]")) addLine();
      balance();
    }
    const more = event.target.closest("[data-add-lines]");
    if (more) {
      event.preventDefault();
      addLine();
      body.lastElementChild.querySelector("input").focus();
    }
  });

  form.classList.add("enhanced");
  balance();
})();
