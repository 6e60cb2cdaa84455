"""What was promised and earned: set-up, sittings and the workflows that touch several rooms."""
