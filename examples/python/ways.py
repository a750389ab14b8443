"""How the client comes to its server: by WebSocket, or by polling over HTTP where that is refused (PROTOCOL.md, section 12)."""
import asyncio, contextlib, http.client, json, time, urllib.error, urllib.request, websockets
from websockets.frames import Close
AGAIN = {408, 421, 425, 429, *range(500, 600)}  # 12.10
over_http = 0.0  # until when HTTP is tried first
@contextlib.asynccontextmanager
async def connect(url):  # gives what has send() and recv()
    global over_http
    if time.monotonic() >= over_http:
        try: ws = await websockets.connect(url, max_size=None)
        except (websockets.InvalidHandshake, TimeoutError) as error:
            answer = getattr(error, "response", None)
            is_refusal = answer and (answer.status_code in (401, 403, 407, 429) or "Retry-After" in answer.headers)
            if is_refusal: raise
            async with Polling(url, error) as session: yield session
        else:
            async with ws: yield ws
    else:
        async with Polling(url, ConnectionError("no answer over HTTP")) as session: yield session
class Polling:
    def __init__(self, url, refusal):  # refusal: what is raised where there is no bridge over HTTP
        self.url, self.refusal, self.headers = url.replace("ws", "http", 1), refusal, {}
        self.received, self.frames = 0, asyncio.Queue()  # frames, and in the end an exception
        self.lines, self.first, self.sent = [], 0, asyncio.Event()  # lines that the server has not confirmed
    async def __aenter__(self):
        global over_http
        over_http = 0.0  # until it has worked, the next attempt begins with the WebSocket
        status, body = await self.ask("POST", b"")
        if status in AGAIN: raise ConnectionError(f"the opening over HTTP was answered with {status}")  # 12.16
        if status != 201: raise self.refusal
        self.terms, over_http = json.loads(body), time.monotonic() + 600
        self.headers = {"Crossroom-Session": self.terms["session"]}
        self.tasks = [asyncio.create_task(self.run(part)) for part in (self.read, self.write)]
        return self
    async def __aexit__(self, *_):
        with contextlib.suppress(OSError, http.client.HTTPException): await self.ask("DELETE")  # ends the poll, too
        for task in self.tasks: task.cancel()
    async def send(self, text):
        self.lines.append(text)
        self.sent.set()
    async def recv(self):
        if isinstance(frame := await self.frames.get(), Exception): raise frame
        return frame
    async def run(self, part):
        try:
            while True: await part()
        except (OSError, http.client.HTTPException) as error: self.end(error)
    async def read(self):
        body = await self.insist("GET", Accept="text/plain", Ack=self.received)
        for event in body.split("\n\n")[:-1]:  # what follows the last empty line did not come
            name, _, data = event.rpartition("data: ")
            if name == "event: open\n": number = json.loads(data)["next"]
            elif name == "event: close\n": return self.end(json.loads(data))
            elif not name:
                if number >= self.received: self.frames.put_nowait(data)
                number += 1
                self.received = max(self.received, number)
    async def write(self):
        await self.sent.wait()
        self.sent.clear()
        if count := len(self.lines):
            body = "\n".join(self.lines[:count]).encode()
            confirmed = json.loads(await self.insist("POST", body, Seq=self.first, Ack=self.received))["received"]
            self.lines, self.first = self.lines[confirmed - self.first :], confirmed
    async def insist(self, method, body=None, **headers):  # the same again, until it is answered
        named = {name if name == "Accept" else f"Crossroom-{name}": str(value) for name, value in headers.items()}
        end, failures = None, 0
        while True:
            try: status, text = await self.ask(method, body, **named)
            except (OSError, http.client.HTTPException): status, text = 502, ""
            if status == 200: return text
            if status == 410: self.end(json.loads(text)["error"].get("close"))
            end = end or time.monotonic() + self.terms["resumeTimeout"] / 1000
            if status not in AGAIN or time.monotonic() > end: raise ConnectionError(f"the session is lost: {status}")
            await asyncio.sleep(min(5, failures and 0.25 * 2**failures))
            failures += 1
    async def ask(self, method, body=None, **headers):  # in a thread: Python has no other HTTP
        request = urllib.request.Request(self.url, body, self.headers | headers, method=method)
        def answer():
            try:
                with urllib.request.urlopen(request, timeout=75) as response: return response.status, response.read().decode()
            except urllib.error.HTTPError as error: return error.code, error.read().decode(errors="replace")
        return await asyncio.to_thread(answer)
    def end(self, why):
        if isinstance(why, dict): why = websockets.ConnectionClosedError(Close(why["code"], why["reason"]), None)
        self.frames.put_nowait(why or ConnectionError("the session cannot be resumed"))
        for task in self.tasks: task.cancel()
