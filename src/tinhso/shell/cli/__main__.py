"""`python -m tinhso.shell.cli`, by which the supervisor starts its own processes."""

from tinhso.shell.cli import main

main()
