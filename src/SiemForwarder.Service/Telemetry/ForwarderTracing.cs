using System.Diagnostics;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The spans of the service; where nobody listens, none is made.</summary>
/// <remarks>
/// One trace per poll (requests, append) and one per batch (read, format, send, checkpoint), which links to the polls that its events came with. A span names
/// sources, integrations and servers, never a user, a path or a query: those may hold secrets.
/// </remarks>
internal static class ForwarderTracing
{
    public const string SourceName = "SiemForwarder";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins a span below the current one; null where nobody listens.</summary>
    /// <param name="name">What happens, a verb or two words.</param>
    /// <param name="kind">Client for a request to another server.</param>
    public static Activity? Start(string name, ActivityKind kind = ActivityKind.Internal) =>
        Source.HasListeners() ? Source.StartActivity(name, kind) : null;

    /// <summary>Begins a span without a parent, whatever runs around it.</summary>
    public static Activity? StartRoot(string name, IEnumerable<ActivityLink>? links = null)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var around = Activity.Current;
        Activity.Current = null;
        var started = Source.StartActivity(name, ActivityKind.Internal, parentContext: default, links: links);
        Activity.Current = started ?? around;
        return started;
    }

    /// <summary>Marks a span as failed.</summary>
    /// <param name="span">The span; null where nobody listens.</param>
    /// <param name="category">The sort of fault.</param>
    public static void Fail(this Activity? span, string category)
    {
        span?.SetTag("error.type", category);
        span?.SetStatus(ActivityStatusCode.Error);
    }
}
