package dev.crossroom.rooms

import dev.crossroom.Value
import dev.crossroom.frames.utf8Size
import kotlin.math.abs

/**
 * How large the server finds the data of a message: its bytes as JSON, but binary data with its own bytes. Where the server's way of writing
 * a value may be shorter than this client's, the shorter one: it has the last word. The value's depth must have been checked.
 */
internal fun dataSize(value: Value): Long =
    when (value) {
        is Value.Null -> 4
        is Value.Bool -> if (value.value) 4 else 5
        is Value.Integer -> value.value.toString().length.toLong()
        is Value.Decimal -> decimalSize(value.value)
        is Value.Text -> textSize(value.value)
        is Value.Binary -> value.value.size.toLong()
        // Brackets, and a comma for each item but the first.
        is Value.Array -> value.items.fold(if (value.items.isEmpty()) 2L else 1L) { sum, item -> sum + dataSize(item) + 1 }
        is Value.Object ->
            value.fields.entries.fold(if (value.fields.isEmpty()) 2L else 1L) { sum, (name, field) ->
                sum + textSize(name) + dataSize(field) + 2
            }
    }

/** JavaScript writes 1.0 as 1, and 1.0E-7 as 1e-7. */
private fun decimalSize(value: Double): Long {
    if (value % 1.0 == 0.0 && abs(value) < WHOLE) return value.toLong().toString().length.toLong()
    return value.toString().removeSuffix(".0").replace(".0E", "E").length.toLong()
}

private fun textSize(text: String): Long {
    var size = utf8Size(text) + 2
    for (character in text) {
        if (character == '"' || character == '\\' || character in SHORT) {
            size++
        } else if (character < ' ') {
            size += 5
        }
    }
    return size
}

private const val WHOLE = 1e15

/** Control characters that JSON has an escape of two characters for. */
private const val SHORT = "\b\t\n\u000c\r"
