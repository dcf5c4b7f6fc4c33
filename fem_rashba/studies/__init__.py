"""Many solves: how a result depends on what is varied."""
