"""Whether database, spools and object store agree, in both directions, and setting right what can be."""
