"""Takes each event once from the pipeline and hands it to every live subscriber."""
