"""Bills of WeChat Pay: fetched, kept line by line, and compared with our own books."""
