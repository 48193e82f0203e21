"""The order in which events arrived: stamped by one shared clock, read so that none is missed."""
