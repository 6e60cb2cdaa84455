"""What vouches for the installation's records from outside the database, and checks them; no tables here."""
