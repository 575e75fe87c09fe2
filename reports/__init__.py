"""What comes out: runs on disk, statistics, tables."""
