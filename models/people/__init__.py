"""People: users, what they may do where, their sessions, and what they did. All are universal."""

from models.people.activity import Activity
from models.people.history import SignIn
from models.people.memberships import Membership
from models.people.passwords import Passwords
from models.people.sessions import Session
from models.people.throttle import SignInPace
from models.people.users import User

MODELS = [User, Membership, Session, SignInPace, SignIn, Activity]
"""The tables of this room, in the order in which they are made."""

__all__ = [
    "MODELS",
    "Activity",
    "Membership",
    "Passwords",
    "Session",
    "SignIn",
    "SignInPace",
    "User",
]
