"""The feed records the order in which events arrived, stamped by one shared clock."""
