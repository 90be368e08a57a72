using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Events.Lint;

/// <summary>Reads an address as the typed fields of receivers do: nothing but the address, no leading zeros, no zone, no port.</summary>
internal static class AddressReader
{
    /// <summary>The address, or null where a strict receiver would see none.</summary>
    public static IPAddress? Find(string value) =>
        !value.AsSpan().ContainsAny("%[]") && IPAddress.TryParse(value, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == value) ? address : null;
}
