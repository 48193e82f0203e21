"""The Stock-take page: count, receive, sell and write off by scanning, and commit it as one."""
