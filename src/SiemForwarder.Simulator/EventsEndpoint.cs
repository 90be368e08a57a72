using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SiemForwarder.Simulator;

/// <summary>Answers <c>GET …/events</c> and <c>GET …/admin-events</c> byte for byte like Keycloak, including poison rows.</summary>
internal sealed class EventsEndpoint(KeycloakSimulator simulator)
{
    private const int BufferBytes = 8192;

    public async Task AnswerAsync(HttpContext context, SimulatedEvents events)
    {
        var tier = simulator.Tier;
        var (query, status, error) = QueryParameters.Read(context.Request.Query, tier, simulator.Options.ServerTimeZone);
        if (status != 200)
        {
            await ErrorAnswer.WriteAsync(tier, context, status, error).ConfigureAwait(false);
            return;
        }

        var rows = events.Select(query);
        var poison = Array.FindIndex(rows, row => row.IsPoison);
        if (poison >= 0)
        {
            await WritePoisonedAsync(context, tier, rows.AsMemory(0, poison + 1)).ConfigureAwait(false);
            return;
        }

        context.Response.ContentType = "application/json;charset=UTF-8";
        context.Response.Headers.CacheControl = "no-cache";
        var total = Length(rows, tier);
        if (total <= BufferBytes)
        {
            context.Response.ContentLength = total;
        }

        await WriteRowsAsync(context, tier, rows).ConfigureAwait(false);
    }

    private static async Task WriteRowsAsync(HttpContext context, SimulatedTier tier, EventRow[] rows)
    {
        var output = context.Response.BodyWriter;
        var unflushed = 0;
        output.Write("["u8);
        for (var i = 0; i < rows.Length; i++)
        {
            output.Write(i == 0 ? "{"u8 : ",{"u8);
            var row = rows[i].AfterBrace(tier);
            output.Write(row);
            unflushed += row.Length;
            if (unflushed > 1 << 18)
            {
                await output.FlushAsync(context.RequestAborted).ConfigureAwait(false);
                unflushed = 0;
            }
        }

        output.Write("]"u8);
        await output.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task WritePoisonedAsync(HttpContext context, SimulatedTier tier, ReadOnlyMemory<EventRow> rows)
    {
        var written = new ArrayBufferWriter<byte>();
        written.Write("["u8);
        for (var i = 0; i < rows.Length; i++)
        {
            written.Write(i == 0 ? "{"u8 : ",{"u8);
            written.Write(rows.Span[i].AfterBrace(tier));
        }

        // What has left the server's buffer is sent; the rest is replaced with the error.
        var sent = written.WrittenCount / BufferBytes * BufferBytes;
        var error = Encoding.UTF8.GetBytes(ErrorAnswer.Poison(tier));
        context.Response.StatusCode = sent == 0 ? 400 : 200;
        context.Response.ContentType = sent == 0 ? "application/json" : "application/json;charset=UTF-8";
        if (sent == 0)
        {
            context.Response.ContentLength = error.Length;
        }

        await context.Response.Body.WriteAsync(written.WrittenMemory[..sent], context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.WriteAsync(error, context.RequestAborted).ConfigureAwait(false);
    }

    private static long Length(EventRow[] rows, SimulatedTier tier)
    {
        long total = 2 + Math.Max(0, rows.Length - 1);
        foreach (var row in rows)
        {
            total += 1 + row.AfterBrace(tier).Length;
        }

        return total;
    }
}
