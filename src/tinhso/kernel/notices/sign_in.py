"""One-time codes for signing in leave the house as messages (`settings.SIGN_IN_CODE_SENDER`)."""

from tinhso.kernel.notices.actions import Message, tell
from tinhso.kernel.people.codes import LIFETIME
from tinhso.kernel.people.contacts import Address, Channel


def tell_code(phone: str, code: str, language: str) -> None:
    """Put *code* into the outbox for *phone* (E.164), within the caller's transaction."""
    minutes = int(LIFETIME.total_seconds() // 60)
    parameters = {"code": code, "minutes": str(minutes)}
    tell([Message("sign-in-code", Address(Channel.SMS, phone), language, parameters)])
