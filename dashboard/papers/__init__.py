"""Papers: reports as pages that can be printed and kept. Lay out what others computed; compute no verdict."""
