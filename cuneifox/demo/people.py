"""Who looks at the demo companies: one user, whose password is no secret."""

from __future__ import annotations

from models.people import Passwords, User

NAME = "demo"
PASSWORD = "baan-suan-2569"  # noqa: S105  told to everybody; serving beyond this machine is refused


def add_demo_user(passwords: Passwords) -> User:
    """Return the demo's user, an administrator, added if there is none of that name."""
    user = User.named(NAME)
    if user is None:
        user = User.add(
            NAME,
            PASSWORD,
            display_name="ผู้ทดลองใช้ Demo",
            administers=True,
            passwords=passwords,
        )
    return user


def sign_in(passwords: Passwords) -> str:
    """What to tell of the demo's sign-in; nothing if there is none, or its password was changed."""
    user = User.named(NAME) if User.table_exists() else None
    if user is None or not user.active or not passwords.verify(user.password_hash, PASSWORD):
        return ""
    return f"Demo sign-in: user {NAME}, password {PASSWORD}"
