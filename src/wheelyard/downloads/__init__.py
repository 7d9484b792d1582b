"""Downloads: web servers' logs become counts, and with the builds' durations time saved."""
