using System.Runtime.InteropServices;

namespace SiemForwarder.Events.Bytes;

/// <summary>Lists in one piece, which costs less to walk than a list behind its interface: that copies each item.</summary>
public static class ListSpan
{
    /// <summary>The items where they stand, if the list is an array or a <see cref="List{T}"/>; otherwise a copy. Valid until the list changes.</summary>
    public static ReadOnlySpan<T> Of<T>(IReadOnlyList<T> list) => list switch
    {
        T[] array => array,
        List<T> own => CollectionsMarshal.AsSpan(own),
        _ => list.ToArray(),
    };
}
