"""How days and times are written where Django's own way is not that of a trade between two countries."""
