"""PostgreSQL under this installation: finding it, starting it, sharing it, copying it out and in."""
