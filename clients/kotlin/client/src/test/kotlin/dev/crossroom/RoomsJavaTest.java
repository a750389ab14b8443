package dev.crossroom;

import static dev.crossroom.ValueKt.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.crossroom.rooms.Room;
import dev.crossroom.rooms.Rooms;
import dev.crossroom.rooms.RoomsJava;
import java.util.Collections;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import kotlin.Pair;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okhttp3.mockwebserver.MockResponse;
import okhttp3.mockwebserver.MockWebServer;
import org.junit.jupiter.api.Test;

/** The rooms layer as Java uses it, against a small server in this process. */
class RoomsJavaTest {
  private final BlockingQueue<Object> recorded = new LinkedBlockingQueue<>();

  private <T> Callback<T> callback() {
    return new Callback<T>() {
      @Override
      public void onSuccess(T result) {
        recorded.add(result);
      }

      @Override
      public void onFailure(CrossroomException error) {
        recorded.add(error);
      }
    };
  }

  private <T> T next(Class<T> type) throws InterruptedException {
    Object value = recorded.poll(10, TimeUnit.SECONDS);
    assertTrue(type.isInstance(value), () -> "recorded: " + value);
    return type.cast(value);
  }

  /** A server of which only one room is, where everything works at once. */
  private static final class OneRoom extends WebSocketListener {
    @Override
    public void onMessage(WebSocket socket, String text) {
      String position = "\"position\":{\"epoch\":\"e\",\"offset\":0}";
      if (text.contains("\"connect\"")) {
        socket.send("{\"type\":\"connected\",\"sid\":\"s\",\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":100000}");
        event(socket, "welcome", "{\"user\":\"u\",\"name\":\"Ada\",\"sid\":\"s\",\"device\":\"d\",\"guest\":true}");
      } else if (text.contains("\"join\"")) {
        ack(socket, 0, "{\"ok\":true," + position + ",\"members\":[],\"count\":0}");
      } else if (text.contains("\"publish\"")) {
        ack(socket, 1, "{\"ok\":true,\"id\":\"m\",\"position\":{\"epoch\":\"e\",\"offset\":1},\"at\":5,\"duplicate\":false}");
        event(socket, "message", "{\"room\":\"lobby\",\"id\":\"m\",\"position\":{\"epoch\":\"e\",\"offset\":1},\"from\":{\"user\":\"u\","
            + "\"name\":\"Ada\",\"sid\":\"s\",\"transport\":\"bridge\"},\"data\":{\"text\":\"Hello\"},\"at\":5}");
      }
    }

    @Override
    public void onClosing(WebSocket socket, int code, String reason) {
      socket.close(1000, null);
    }

    private static void event(WebSocket socket, String name, String argument) {
      socket.send("{\"type\":\"event\",\"event\":\"" + name + "\",\"args\":[" + argument + "]}");
    }

    private static void ack(WebSocket socket, int id, String answer) {
      socket.send("{\"type\":\"ack\",\"id\":" + id + ",\"args\":[" + answer + "]}");
    }
  }

  @Test
  void joinsPublishesAndListens() throws Exception {
    try (MockWebServer server = new MockWebServer()) {
      server.enqueue(new MockResponse().withWebSocketUpgrade(new OneRoom()));
      RoomsOptions options = new RoomsOptions();
      options.setName("Ada");
      options.blockingToken(() -> "token");
      Rooms rooms = new Rooms(server.url("/").toString(), options);
      Room lobby = rooms.room("lobby");
      BlockingQueue<String> messages = new LinkedBlockingQueue<>();
      RoomsJava.listen(lobby, event -> {
        if (event instanceof RoomEvent.Message) {
          messages.add(((RoomEvent.Message) event).getMessage().getData().get("text").getText());
        }
      });

      RoomsJava.join(lobby, null, callback());
      assertEquals(0, next(Joined.class).getPosition().getOffset());
      RoomsJava.publish(lobby, json(new Pair<>("text", "Hello"), new Pair<>("tags", Collections.singletonList("a"))), null, callback());
      assertEquals(1, next(Published.class).getPosition().getOffset());
      assertEquals("Hello", messages.poll(10, TimeUnit.SECONDS));

      rooms.close();
      RoomsJava.publish(lobby, Value.of("too late"), null, callback());
      assertEquals(ErrorCode.CLOSED, next(CrossroomException.class).getCode());
      assertTrue(recorded.isEmpty() && messages.isEmpty());
    }
  }
}
