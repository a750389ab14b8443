package dev.crossroom

import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlin.io.encoding.Base64
import kotlin.io.encoding.ExperimentalEncodingApi

/** Values to JSON and back, with binary data as PROTOCOL.md, 5.2, has it. Pure. */
@OptIn(ExperimentalEncodingApi::class)
internal object JsonText {
    /** What a number of JSON looks like (RFC 8259, 6): the library's parser takes any bare word for a literal. */
    private val NUMBER = Regex("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

    private const val BINARY = "\$binary"

    /** Deeper than any message that the server sends to clients; a guard of the stack. */
    private const val MAX_DEPTH = 500

    /** The value of a JSON text; null where it is none. Binary objects stay objects: see [revive]. */
    fun parse(text: String): Value? =
        try {
            require(isFit(text)) { "nested too deeply, or a line break in a string" }
            fromElement(Json.parseToJsonElement(text), withBinary = false)
        } catch (_: SerializationException) {
            null
        } catch (_: IllegalArgumentException) {
            null
        }

    /** Whether the library's parser may have it: what is nested deeply would overflow its stack, and it takes what no string may hold. */
    private fun isFit(text: String): Boolean {
        var depth = 0
        var isString = false
        var index = 0
        while (index < text.length) {
            val character = text[index]
            when (character) {
                '"' -> isString = !isString
                '\\' -> index++
                '[', '{' -> if (!isString && ++depth > MAX_DEPTH) return false
                ']', '}' -> if (!isString) depth--
                else -> if (isString && character < ' ') return false
            }
            index++
        }
        return true
    }

    /** The same value with its binary objects replaced by binary data, at any depth. */
    fun revive(value: Value): Value =
        when (value) {
            is Value.Array -> Value.Array(value.items.map(::revive))
            is Value.Object -> binaryOf(value) ?: Value.Object(value.fields.mapValues { revive(it.value) })
            else -> value
        }

    /** @throws IllegalArgumentException for a bare word that is no JSON, a number beyond all doubles, and what is nested too deeply. */
    fun fromElement(element: JsonElement, withBinary: Boolean): Value {
        val value = convert(element, 0)
        return if (withBinary) revive(value) else value
    }

    private fun convert(element: JsonElement, depth: Int): Value {
        require(depth <= MAX_DEPTH) { "nested too deeply" }
        return when (element) {
            is JsonNull -> Value.Null
            is JsonPrimitive -> if (element.isString) Value.Text(element.content) else literal(element.content)
            is JsonArray -> Value.Array(element.map { convert(it, depth + 1) })
            is JsonObject -> Value.Object(element.mapValues { convert(it.value, depth + 1) })
        }
    }

    private fun literal(text: String): Value {
        if (text == "true") return Value.Bool(true)
        if (text == "false") return Value.Bool(false)
        require(NUMBER.matches(text)) { "not JSON" }
        // A -0 is a double: an integer has none.
        val integer = if (text == "-0") null else text.toLongOrNull()
        if (integer != null) return Value.Integer(integer)
        val decimal = text.toDouble()
        require(!decimal.isInfinite()) { "a number beyond all doubles" }
        return Value.Decimal(decimal)
    }

    private fun binaryOf(value: Value.Object): Value? {
        val text = if (value.fields.size == 1) value.fields[BINARY] else null
        if (text !is Value.Text) return null
        return try {
            // Padded, of the standard alphabet, and with its unused bits zero: the decoder refuses anything else.
            Value.Binary(Base64.Default.decode(text.value))
        } catch (_: IllegalArgumentException) {
            null
        }
    }

    fun toElement(value: Value): JsonElement =
        when (value) {
            is Value.Null -> JsonNull
            is Value.Bool -> JsonPrimitive(value.value)
            is Value.Integer -> JsonPrimitive(value.value)
            is Value.Decimal -> JsonPrimitive(value.value)
            is Value.Text -> JsonPrimitive(value.value)
            is Value.Binary -> JsonObject(mapOf(BINARY to JsonPrimitive(Base64.Default.encode(value.value))))
            is Value.Array -> JsonArray(value.items.map(::toElement))
            is Value.Object -> JsonObject(value.fields.mapValues { toElement(it.value) })
        }

    fun write(value: Value): String = StringBuilder().also { write(value, it) }.toString()

    private fun write(value: Value, out: StringBuilder) {
        when (value) {
            is Value.Null -> out.append("null")
            is Value.Bool -> out.append(value.value)
            is Value.Integer -> out.append(value.value)
            is Value.Decimal -> out.append(value.value)
            is Value.Text -> quote(value.value, out)
            is Value.Binary -> out.append("{\"\$binary\":\"").append(Base64.Default.encode(value.value)).append("\"}")
            is Value.Array -> {
                out.append('[')
                value.items.forEachIndexed { index, item ->
                    if (index > 0) out.append(',')
                    write(item, out)
                }
                out.append(']')
            }
            is Value.Object -> {
                out.append('{')
                var isFirst = true
                for ((name, field) in value.fields) {
                    if (!isFirst) out.append(',')
                    isFirst = false
                    quote(name, out)
                    out.append(':')
                    write(field, out)
                }
                out.append('}')
            }
        }
    }

    private fun quote(text: String, out: StringBuilder) {
        out.append('"')
        text.forEachIndexed { index, character ->
            when {
                character == '"' -> out.append("\\\"")
                character == '\\' -> out.append("\\\\")
                character == '\n' -> out.append("\\n")
                // A surrogate without its other half has no UTF-8: escaped it arrives as it is.
                character < ' ' || isAlone(text, index) -> escape(character, out)
                else -> out.append(character)
            }
        }
        out.append('"')
    }

    private fun isAlone(text: String, index: Int): Boolean =
        when {
            text[index].isHighSurrogate() -> text.getOrNull(index + 1)?.isLowSurrogate() != true
            text[index].isLowSurrogate() -> text.getOrNull(index - 1)?.isHighSurrogate() != true
            else -> false
        }

    private fun escape(character: Char, out: StringBuilder) {
        out.append("\\u").append(character.code.toString(16).padStart(4, '0'))
    }
}
