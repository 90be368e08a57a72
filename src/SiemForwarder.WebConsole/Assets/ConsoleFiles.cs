using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SiemForwarder.WebConsole.Assets;

/// <summary>The scripts and styles of the console, from this assembly; compressed once, at their first use.</summary>
public sealed class ConsoleFiles(IServiceScopeFactory scopes, ILoggerFactory loggers)
{
    private const string Theme = "theme.css";

    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        [".css"] = "text/css; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".svg"] = "image/svg+xml",
    };

    private static readonly HashSet<string> Names =
        [.. typeof(ConsoleFiles).Assembly.GetManifestResourceNames().Where(name => Types.ContainsKey(Path.GetExtension(name))), Theme];

    private readonly ConcurrentDictionary<string, Lazy<Task<ConsoleFile>>> files = new(StringComparer.Ordinal);

    /// <summary>The address of a file, which changes with its content.</summary>
    public async Task<string> AddressOfAsync(string name) => $"console/files/{name}?v={(await FindAsync(name)).Version}";

    /// <summary>Sends a file, compressed if the browser takes that.</summary>
    public async Task SendAsync(string name, HttpContext context)
    {
        var response = context.Response;
        if (!Names.Contains(name))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var file = await FindAsync(name);
        var takesBrotli = context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.OrdinalIgnoreCase);
        var body = takesBrotli ? file.Compressed : file.Plain;
        response.ContentType = Types[Path.GetExtension(name)];
        response.ContentLength = body.Length;
        response.Headers.Vary = "Accept-Encoding";
        if (takesBrotli)
        {
            response.Headers.ContentEncoding = "br";
        }

        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private Task<ConsoleFile> FindAsync(string name) =>
        files.GetOrAdd(name, key => new Lazy<Task<ConsoleFile>>(() => Task.Run(() => ReadAsync(key), CancellationToken.None))).Value;

    private async Task<ConsoleFile> ReadAsync(string name)
    {
        var plain = name == Theme ? await ThemeSheet.WriteAsync(scopes, loggers) : Read(name);
        using var compressed = new MemoryStream();
        using (var brotli = new BrotliStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            await brotli.WriteAsync(plain, CancellationToken.None);
        }

        return new ConsoleFile(plain, compressed.ToArray(), Convert.ToHexStringLower(SHA256.HashData(plain))[..12]);
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(ConsoleFiles).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private sealed record ConsoleFile(byte[] Plain, byte[] Compressed, string Version);
}
