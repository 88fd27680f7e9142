"""The parts of tools/measure/alike: libraries whose videos look alike, and how well copies are told from them."""
