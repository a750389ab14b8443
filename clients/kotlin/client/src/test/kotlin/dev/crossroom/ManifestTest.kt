package dev.crossroom

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.w3c.dom.Element
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory

/** https://central.sonatype.org/publish/requirements/ */
class ManifestTest {
    private fun missing(path: String, required: List<String>): List<String> {
        val project = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File(path)).documentElement
        val children = (0 until project.childNodes.length).map(project.childNodes::item).filterIsInstance<Element>()
        return required.filter { name -> children.none { it.tagName == name && it.textContent.isNotBlank() } }
    }

    @Test
    fun `the project and its library say what Maven Central requires`() {
        // A child has the rest from its parent.
        val own = listOf("name", "description")
        assertEquals(emptyList<String>(), missing("../pom.xml", own + listOf("url", "licenses", "developers", "scm")))
        assertEquals(emptyList<String>(), missing("pom.xml", own))
    }
}
