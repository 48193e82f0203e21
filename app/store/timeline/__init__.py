"""The timeline joins the feed with the audit: events in the order of their arrival."""
