using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Service.Access;

/// <summary>The host names that the API accepts, as protection against DNS rebinding.</summary>
internal sealed class KnownHosts
{
    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase) { "localhost" };
    private readonly bool any;
    private readonly bool addresses;

    /// <param name="urls">The URLs that the service listens on.</param>
    /// <param name="allowed">Names added by the operator; <c>*</c> for any.</param>
    /// <param name="machine">Names of this machine, which are accepted if the service listens on all addresses.</param>
    public KnownHosts(IEnumerable<string> urls, IEnumerable<string> allowed, IEnumerable<string> machine)
    {
        foreach (var name in urls.Select(url => BindingAddress.Parse(url).Host))
        {
            addresses |= IsWildcard(name);
            names.Add(Plain(name));
        }

        if (addresses)
        {
            names.UnionWith(machine.Select(Plain));
        }

        foreach (var name in allowed.Select(name => name.Trim()).Where(name => name.Length > 0))
        {
            any |= name == "*";
            names.Add(Plain(new HostString(name).Host));
        }
    }

    /// <summary>Creates the names from the settings that the server itself reads.</summary>
    public static KnownHosts Of(IConfiguration configuration, AccessOptions options) =>
        new(Listening.Urls(configuration), options.AllowedHosts, [Environment.MachineName, Dns.GetHostName()]);

    public bool Contains(HostString host)
    {
        // As it is written nearly always; what follows knows every other way to write it.
        if (any || names.Contains(host.Host))
        {
            return true;
        }

        var name = Plain(host.Host);
        return names.Contains(name) || (IPAddress.TryParse(name, out var address) && (addresses || IPAddress.IsLoopback(address)));
    }

    private static bool IsWildcard(string name) =>
        name is "*" or "+" || (IPAddress.TryParse(name, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));

    // Normalizes a name: without a trailing dot, addresses as .NET formats them.
    private static string Plain(string name) => IPAddress.TryParse(name, out var address)
        ? (address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString())
        : name.EndsWith('.') ? name[..^1] : name;
}
