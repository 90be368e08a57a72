using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SiemForwarder.Simulator;

/// <summary>Routes every request of a simulated server to its endpoint, unless a fault intercepts it.</summary>
internal sealed class SimulatorRoutes(KeycloakSimulator simulator)
{
    private int atOnce;

    public async Task AnswerAsync(HttpContext context)
    {
        simulator.MaxRequestsAtOnce = Math.Max(simulator.MaxRequestsAtOnce, Interlocked.Increment(ref atOnce));
        try
        {
            // Kestrel would add its own Date, from a different clock; Keycloak sends none.
            context.Response.Headers.Date =
                simulator.Options.SendsDate ? DateTimeOffset.FromUnixTimeMilliseconds(simulator.NowMs()).ToString("R") : "";
            var pathAndQuery = context.Request.Path + context.Request.QueryString;
            simulator.Note($"{context.Request.Method} {pathAndQuery}");
            if (simulator.Faults.Take(pathAndQuery) is { } fault && !await FaultAnswer.WriteAsync(simulator, context, fault).ConfigureAwait(false))
            {
                return;
            }

            await RouteAsync(context).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref atOnce);
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (!path.StartsWith(simulator.Options.PathPrefix + "/", StringComparison.Ordinal))
        {
            return ErrorAnswer.WriteAsync(simulator.Tier, context, 404, "Unable to find matching target resource method");
        }

        var parts = path[(simulator.Options.PathPrefix.Length + 1)..].Split('/');
        return parts switch
        {
            ["realms", var realm, .. var rest] => new RealmEndpoints(simulator).AnswerAsync(context, realm, rest),
            ["admin", "serverinfo"] => new AdminEndpoints(simulator).AnswerAsync(context, null, ["serverinfo"]),
            ["admin", "realms", var realm, .. var rest] => new AdminEndpoints(simulator).AnswerAsync(context, realm, rest),
            _ => ErrorAnswer.WriteAsync(simulator.Tier, context, 404, "Unable to find matching target resource method"),
        };
    }
}

/// <summary>Writes the responses of faults.</summary>
internal static class FaultAnswer
{
    /// <summary>Returns true if the request continues as usual.</summary>
    public static async Task<bool> WriteAsync(KeycloakSimulator simulator, HttpContext context, SimulatedFault fault)
    {
        var response = context.Response;
        switch (fault)
        {
            case SimulatedFault.ExpireTokens:
                simulator.Tokens.Expire();
                return true;
            case SimulatedFault.Hang:
                var left = new TaskCompletionSource();
                await using (context.RequestAborted.Register(left.SetResult))
                {
                    await left.Task.ConfigureAwait(false);
                }

                return false;
            case SimulatedFault.Truncate truncate:
                response.ContentType = "application/json;charset=UTF-8";
                response.ContentLength = truncate.SentBytes + 100;
                await response.Body.WriteAsync(new byte[truncate.SentBytes].AsMemory(), context.RequestAborted).ConfigureAwait(false);
                await response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
                context.Features.Get<IHttpRequestLifetimeFeature>()!.Abort();
                return false;
            case SimulatedFault.Answer answer:
                response.StatusCode = answer.Status;
                response.ContentType = answer.ContentType;
                response.Headers.RetryAfter = answer.RetryAfter;
                response.Headers.Location = answer.Location;
                await response.WriteAsync(answer.Body, context.RequestAborted).ConfigureAwait(false);
                return false;
            default:
                throw new InvalidOperationException($"Unknown fault {fault}.");
        }
    }
}
