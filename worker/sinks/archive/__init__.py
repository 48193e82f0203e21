"""Every event in files whose boundaries follow from the cursors, each written once and whole."""
