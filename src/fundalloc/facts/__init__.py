"""What is so: instruments, partnerships, areas, needs, markers, decided money; and the allocation lines they allow."""
