"""Pages of the operations centre."""

from tinhso.systems.ioc.views.board import board, figures, tables, units
from tinhso.systems.ioc.views.listing import cases
from tinhso.systems.ioc.views.places import cells, map_page

__all__ = ["board", "cases", "cells", "figures", "map_page", "tables", "units"]
