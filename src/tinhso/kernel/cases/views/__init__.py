"""Pages of the desk."""

from tinhso.kernel.cases.views.acting import act, handle
from tinhso.kernel.cases.views.inbox import inbox
from tinhso.kernel.cases.views.page import by_key, case, file

__all__ = ["act", "by_key", "case", "file", "handle", "inbox"]
