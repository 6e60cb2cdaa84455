"""Everything that outlives a process: media files, objects, the database, the archive."""
