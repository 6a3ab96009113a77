"""One module for each `tuan` command: `main(settings)` runs a service until SIGTERM, or a tool until it is done."""
