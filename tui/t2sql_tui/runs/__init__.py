"""What the screens show of runs: found, read event by event, tabulated, compared, started."""
