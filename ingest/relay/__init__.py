"""Pictures for viewers, from the recorder that has them anyway: the wire format, its server and its client."""
