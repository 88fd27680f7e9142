"""What the tools that look at the HTTP service from outside share."""
