"""The broker takes each event once from the pipeline and sends it to every live subscriber."""
