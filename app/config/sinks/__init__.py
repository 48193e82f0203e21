"""The settings of each kind of sink: a sink runs only if they name its receiver."""
