"""Programs are told by signed POSTs in the form of Standard Webhooks, by one sender."""
