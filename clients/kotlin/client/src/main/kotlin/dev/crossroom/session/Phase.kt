package dev.crossroom.session

/** WAITING is the time between two attempts. */
internal enum class Phase { CLOSED, OPENING, OPEN, WAITING }
