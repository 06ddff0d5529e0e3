"""The port (口岸): customs, the port's client and signing machine, and who else sends messages there."""
