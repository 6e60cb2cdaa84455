"""From a camera to a closed, synced spool file. Knows video, nothing of exams."""
