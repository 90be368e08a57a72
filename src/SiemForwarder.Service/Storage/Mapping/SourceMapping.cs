using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace SiemForwarder.Service.Storage.Mapping;

/// <summary>Table <c>source</c>.</summary>
internal sealed class SourceMapping : IEntityTypeConfiguration<Source>
{
    public void Configure(EntityTypeBuilder<Source> builder)
    {
        builder.ToTable("source");
        builder.HasKey(source => source.Id);
        builder.Property(source => source.Id).UseIdentityAlwaysColumn();
        builder.HasIndex(source => source.Name).IsUnique();
        builder.Property(source => source.Kind);
        builder.Property(source => source.Enabled);
        builder.Property(source => source.Definition).HasColumnType("jsonb");
        builder.Property(source => source.Secrets);
        builder.Property(source => source.ManagedBy);
        builder.Property(source => source.Version).IsConcurrencyToken();
        builder.Property(source => source.CreatedAt);
        builder.Property(source => source.UpdatedAt);
        SnakeCase.ColumnsIn(builder);
    }
}
