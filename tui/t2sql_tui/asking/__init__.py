"""Questions to models: what they are about, and the process that holds the models."""
