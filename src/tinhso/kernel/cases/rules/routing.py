"""Which office takes a case: ordered rules of the catalogue, the first that fits."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinhso.kernel.cases.catalogue import RoutingEntry, Target

COMMUNE = "commune"
"""The target that stands for the office of the commune in which the matter lies."""


def _fits(rule: "Target", top: str, category: str) -> bool:
    return rule.within == top and (not rule.category or category in rule.category)


def route(routing: "RoutingEntry", top: str, category: str, commune_office: str | None) -> str | None:
    """The code of the office for a case of *category* in the province under *top*.

    A rule for the commune's office is passed over where the commune has none. Nothing when the province is not
    routed at all; what no rule takes goes to the province's centre.
    """
    for rule in routing.rules:
        if _fits(rule, top, category):
            if rule.to != COMMUNE:
                return rule.to
            if commune_office:
                return commune_office
    return routing.centre.get(top)


def focal_point(routing: "RoutingEntry", top: str, category: str) -> str | None:
    """The code of the office to which cases of *category* are pushed up, where the province names one."""
    return next((rule.to for rule in routing.push_up if _fits(rule, top, category)), None)
