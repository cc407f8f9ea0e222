"""Side by side with other proxies: what bench/run does."""
